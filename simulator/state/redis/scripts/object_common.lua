-- Stored objects: what all scripts of theirs begin with.
-- KEYS[1] the tag. An object's id is "scope\nkind\nname", its shelf "scope\nkind". A small body is <tag>:b:<id>, a large
-- one lies in pieces <tag>:p:<token>:<number from 0>, which were stored before and belong to nobody until they are named
-- here. <tag>:kept maps ids to place, size, moment of expiry and number of pieces, as doubles, then a digest of the body
-- and the token; <tag>:places orders all by their first put, <tag>:ends by their expiry, <tag>:shelf:<shelf> the names
-- of a listing by their first put; <tag>:bytes is the size of all bodies.
local tag = KEYS[1]
local KEPT, PLACES, ENDS, BYTES = tag .. ':kept', tag .. ':places', tag .. ':ends', tag .. ':bytes'

local function shelf_of(id)
  return tag .. ':shelf:' .. string.match(id, '^(.*)\n')
end

-- Place, size, moment of expiry, number of pieces, digest, token; or nothing.
local function find(id)
  local kept = redis.call('HGET', KEPT, id)
  if kept then
    local place, size, until_us, pieces = struct.unpack('<dddd', kept)
    return place, size, until_us, pieces, string.sub(kept, 33, 48), string.sub(kept, 49)
  end
end

local function weigh(change)
  redis.call('INCRBY', BYTES, string.format('%.0f', change))
end

local function erase(id, pieces, token)
  redis.call('UNLINK', tag .. ':b:' .. id)
  for number = 0, (pieces or 0) - 1 do
    redis.call('UNLINK', string.format('%s:p:%s:%.0f', tag, token, number))
  end
end

-- Whether all pieces are there still; they live on for so many milliseconds.
local function adopt(token, pieces, life)
  for number = 0, pieces - 1 do
    if redis.call('PEXPIRE', string.format('%s:p:%s:%.0f', tag, token, number), string.format('%.0f', life)) == 0 then
      return false
    end
  end
  return true
end

-- Put the new body in place of an old one. `given` are size, digest, token, number of pieces and the body if it has
-- none.
local function replace(id, place, until_us, life, given)
  local _, size, _, pieces, _, token = find(id)
  erase(id, pieces, token)
  if given.pieces == 0 then
    redis.call('SET', tag .. ':b:' .. id, given.body, 'PX', string.format('%.0f', life))
  end
  local kept = struct.pack('<dddd', place, given.size, until_us, given.pieces)
  redis.call('HSET', KEPT, id, kept .. given.digest .. given.token)
  weigh(given.size - (size or 0))
end

local function body_from(first)
  return {
    size = tonumber(ARGV[first]),
    digest = ARGV[first + 1],
    token = ARGV[first + 2],
    pieces = tonumber(ARGV[first + 3]),
    body = ARGV[first + 4],
  }
end

-- An object that Redis itself has evicted is dropped likewise, so that the counters stay true. Returns how many keys
-- it had.
local function drop(id)
  local _, size, _, pieces, _, token = find(id)
  redis.call('HDEL', KEPT, id)
  redis.call('ZREM', PLACES, id)
  redis.call('ZREM', ENDS, id)
  redis.call('ZREM', shelf_of(id), string.match(id, '[^\n]*$'))
  erase(id, pieces, token)
  weigh(0 - (size or 0))
  return 5 + (pieces or 0)
end

local function expired(now)
  return redis.call('ZRANGEBYSCORE', ENDS, '-inf', string.format('%.0f', now), 'LIMIT', 0, 1)[1]
end

local function count()
  return redis.call('ZCARD', PLACES)
end

-- Drop what is beyond the limits, those first whose time is over, but never `spared`; 1 if nothing is left beyond.
-- A bounded number a call, since Redis serves nobody else meanwhile.
local function trim(now, most_objects, most_bytes, spared)
  for _ = 1, 8 do
    local id = expired(now)
    if not id then
      break
    end
    drop(id)
  end
  local budget = 3000
  while budget > 0 do
    if count() <= most_objects and tonumber(redis.call('GET', BYTES) or 0) <= most_bytes then
      return 1
    end
    local id = expired(now)
    if not id then
      local oldest = redis.call('ZRANGE', PLACES, 0, 1)
      id = oldest[1] ~= spared and oldest[1] or oldest[2]
    end
    if not id then
      return 1
    end
    budget = budget - drop(id)
  end
  return 0
end

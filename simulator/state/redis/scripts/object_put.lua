-- Store an object or replace it. The keys are those of object_common.lua.
-- ARGV: clock, id, how long it is kept (µs), most objects, most bytes, what keys outlive their meaning by (ms), then the
-- body's size, digest, token, number of pieces, and the body if it has no pieces.
-- Returns 1, or 0 if more is to be trimmed, or -1 if a piece is gone and nothing was done.
local now = clock(ARGV[1])
local id = ARGV[2]
local ttl = tonumber(ARGV[3])
local life = math.ceil(ttl / 1000) + tonumber(ARGV[6])
local given = body_from(7)
if not adopt(given.token, given.pieces, life) then
  return -1
end
local place, _, until_us = find(id)
if place and until_us <= now then
  drop(id)
  place = nil
end
if not place then
  if count() == 0 then
    -- Whatever an eviction of Redis's own has left behind.
    redis.call('DEL', KEPT, ENDS, BYTES)
  end
  place = tonumber(redis.call('ZREVRANGE', PLACES, 0, 0, 'WITHSCORES')[2] or 0) + 1
end
replace(id, place, now + ttl, life, given)
redis.call('ZADD', PLACES, string.format('%.0f', place), id)
redis.call('ZADD', ENDS, string.format('%.0f', now + ttl), id)
redis.call('ZADD', shelf_of(id), string.format('%.0f', place), string.match(id, '[^\n]*$'))
for _, key in ipairs({ KEPT, PLACES, ENDS, BYTES, shelf_of(id) }) do
  if redis.call('PTTL', key) < life then
    redis.call('PEXPIRE', key, string.format('%.0f', life))
  end
end
return trim(now, tonumber(ARGV[4]), tonumber(ARGV[5]), id)

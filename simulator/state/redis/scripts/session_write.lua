-- Append turns to a session, or bring one that was kept elsewhere; drop what is beyond the limits.
-- KEYS[1] the tag; the keys are those of session_read.lua.
-- ARGV: clock, id, how long an unused session is kept (µs), lifetime of keys (ms), most sessions, most tokens,
--   then 1 to do it only if there is no such session, else 0, and turns to append. A turn is its tokens, a double,
--   and its body.
-- Returns  clock, 1 if it was done, moment of its making, moment of its last use, turns.
local now = clock(ARGV[1])
local tag, id = KEYS[1], ARGV[2]
local ttl, most_sessions, most_tokens = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
local session, turns = tag .. ':s:' .. id, tag .. ':t:' .. id

local function drop(each)
  redis.call('DEL', tag .. ':s:' .. each, tag .. ':t:' .. each)
  redis.call('ZREM', tag .. ':used', each)
  redis.call('ZREM', tag .. ':names', each)
end

local kept = redis.call('HMGET', session, 'created', 'used', 'tokens')
local created, used, tokens = tonumber(kept[1] or now), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
local there = kept[1]
if there and used + ttl <= now then
  drop(id)
  there, created, used, tokens = false, now, 0, 0
end
local wanted = 0
if ARGV[7] == '0' or not there then
  wanted = 1
  used = math.max(used, now)
  for each = 8, #ARGV do
    redis.call('RPUSH', turns, ARGV[each])
    tokens = tokens + struct.unpack('<d', ARGV[each])
  end
  while tokens > most_tokens and redis.call('LLEN', turns) > 1 do
    tokens = tokens - struct.unpack('<d', redis.call('LPOP', turns))
  end
  local text = string.format('%.0f', used)
  redis.call('HSET', session, 'created', string.format('%.0f', created), 'used', text, 'tokens',
    string.format('%.0f', tokens))
  redis.call('ZADD', tag .. ':used', text, id)
  redis.call('ZADD', tag .. ':names', 0, id)
  -- A bounded number a call: lower limits take effect over a few.
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', tag .. ':used', '-inf', string.format('%.0f', now - ttl),
      'LIMIT', 0, 100)) do
    drop(each)
  end
  local over = redis.call('ZCARD', tag .. ':used') - most_sessions
  if over > 0 then
    for _, each in ipairs(redis.call('ZRANGE', tag .. ':used', 0, math.min(over, 1000) - 1)) do
      if each ~= id then
        drop(each)
      end
    end
  end
  for _, key in ipairs({ session, turns, tag .. ':used', tag .. ':names' }) do
    redis.call('PEXPIRE', key, ARGV[4])
  end
end
return { now, wanted, created, used, redis.call('LRANGE', turns, 0, -1) }

-- A session that has not expired, counted as used.
-- KEYS[1] the tag; a session is a hash <tag>:s:<id> and its turns a list <tag>:t:<id>; <tag>:used orders all by their
-- last use, <tag>:names by name.
-- ARGV: clock, id, how long an unused session is kept (µs), its least lifetime as keys (ms).
-- Returns  moment of its making, moment of its last use, turns; or nothing.
local now = clock(ARGV[1])
local tag, id = KEYS[1], ARGV[2]
local ttl = tonumber(ARGV[3])
local kept = redis.call('HMGET', tag .. ':s:' .. id, 'created', 'used')
if not kept[1] then
  return {}
end
if tonumber(kept[2]) + ttl <= now then
  redis.call('DEL', tag .. ':s:' .. id, tag .. ':t:' .. id)
  redis.call('ZREM', tag .. ':used', id)
  redis.call('ZREM', tag .. ':names', id)
  return {}
end
local used = string.format('%.0f', math.max(now, tonumber(kept[2])))
redis.call('HSET', tag .. ':s:' .. id, 'used', used)
redis.call('ZADD', tag .. ':used', used, id)
for _, key in ipairs({ ':s:' .. id, ':t:' .. id, ':used', ':names' }) do
  redis.call('PEXPIRE', tag .. key, ARGV[4])
end
return { tonumber(kept[1]), tonumber(used), redis.call('LRANGE', tag .. ':t:' .. id, 0, -1) }

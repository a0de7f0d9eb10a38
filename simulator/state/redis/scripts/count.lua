-- Count one more; forgotten a while after the first.
-- KEYS[1] the tag, ARGV: clock, name, how long the count is kept (µs). Returns the count.
local now = clock(ARGV[1])
local key = KEYS[1] .. ':n:' .. ARGV[2]
local ttl = tonumber(ARGV[3])
local count, until_us = 0, now + ttl
local kept = redis.call('GET', key)
if kept then
  count, until_us = struct.unpack('<dd', kept)
  if now >= until_us then
    count, until_us = 0, now + ttl
  end
end
count = count + 1
redis.call('SET', key, struct.pack('<dd', count, until_us), 'PX', math.ceil((until_us - now) / 1000) + 60000)
return count

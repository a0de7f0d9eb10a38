-- A pod's heartbeat, and what a worker must know each second.
-- KEYS[1] the tag, ARGV: clock, the pod's name, how long a beat counts (µs), how many buckets are told at most,
-- how long what lasts is kept (ms).
-- Returns  clock, pods alive, the control document's revision, names of buckets that changed in this second or the
--          last, and their values.
local now = clock(ARGV[1])
local tag = KEYS[1]
local pods = tag .. ':pods'
-- A beat in the future was made with another clock; it would never be too old.
redis.call('ZREMRANGEBYSCORE', pods, '-inf', string.format('%.0f', now - ARGV[3]))
redis.call('ZREMRANGEBYSCORE', pods, string.format('(%.0f', now + ARGV[3]), '+inf')
redis.call('ZADD', pods, string.format('%.0f', now), ARGV[2])
redis.call('PEXPIRE', pods, 60000)
local control = tag .. ':control'
redis.call('PEXPIRE', control, ARGV[5])
local second = math.floor(now / 1000000)
local this = string.format('%s:h:%.0f', tag, second)
local last = string.format('%s:h:%.0f', tag, second - 1)
local names, values = {}, {}
for _, name in ipairs(redis.call('SUNION', this, last)) do
  if #names >= tonumber(ARGV[4]) then
    break
  end
  local kept = redis.call('GET', tag .. ':l:' .. name)
  if kept then
    names[#names + 1] = name
    values[#values + 1] = kept
  end
end
local revision = tonumber(redis.call('HGET', control, 'revision') or 0)
return { now, redis.call('ZCARD', pods), revision, names, values }

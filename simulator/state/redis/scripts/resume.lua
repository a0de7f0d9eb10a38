-- When requests go to Redis again: one moment for all workers that found it back, so that what each has granted
-- meanwhile is known before any of them goes on.
-- KEYS[1] the tag, ARGV: clock, how long it takes from the first who asks (µs), 1 to set the moment if there is none.
-- Returns  clock, and the moment, or 0.
local now = clock(ARGV[1])
local key = KEYS[1] .. ':resume'
local moment = tonumber(redis.call('GET', key) or 0)
local settle = tonumber(ARGV[2])
if moment > now + settle then
  moment = 0
end
if moment == 0 and ARGV[3] == '1' then
  moment = now + settle
  redis.call('SET', key, string.format('%.0f', moment), 'PX', math.ceil(settle / 1000) + 1000)
end
return { now, moment }

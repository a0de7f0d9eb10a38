-- Which blocks of a prompt were met of late; all of them are met by this.
-- KEYS[1] the tag; <tag>:prompts maps names to the moment at which they are forgotten, <tag>:recent orders them by
-- their latest use. ARGV: clock, how long they are kept (µs), how many are kept, what keys outlive their meaning by
-- (ms), then the names. Returns the place of the last that was known, 0 if none was.
local now = clock(ARGV[1])
local prompts, recent = KEYS[1] .. ':prompts', KEYS[1] .. ':recent'
local ttl, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local used = string.format('%.0f', now)
local known = 0
-- Before any of them is renewed: a name may be there twice.
for each = 5, #ARGV do
  if tonumber(redis.call('HGET', prompts, ARGV[each]) or 0) > now then
    known = each - 4
  end
end
for each = 5, #ARGV do
  local name = ARGV[each]
  local end_us = tonumber(redis.call('HGET', prompts, name) or 0)
  redis.call('HSET', prompts, name, string.format('%.0f', math.max(end_us, now + ttl)))
  redis.call('ZADD', recent, used, name)
end
local over = redis.call('ZCARD', recent) - most
-- Beside what is beyond the number, a few whose time is over.
for number, name in ipairs(redis.call('ZRANGE', recent, 0, math.min(math.max(over, 8), 500) - 1)) do
  if number > over and tonumber(redis.call('HGET', prompts, name) or 0) > now then
    break
  end
  redis.call('HDEL', prompts, name)
  redis.call('ZREM', recent, name)
end
local life = math.ceil(ttl / 1000) + tonumber(ARGV[4])
for _, key in ipairs({ prompts, recent }) do
  if redis.call('PTTL', key) < life then
    redis.call('PEXPIRE', key, string.format('%.0f', life))
  end
end
return known

-- Drop all leases of an owner: a worker that begins has none, whatever its predecessor held.
-- KEYS[1] the tag, ARGV[1] the owner.
local names = KEYS[1] .. ':o:' .. ARGV[1]
for _, name in ipairs(redis.call('SMEMBERS', names)) do
  redis.call('HDEL', KEYS[1] .. ':c:' .. name, ARGV[1])
end
return redis.call('DEL', names)

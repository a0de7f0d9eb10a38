-- End a session. KEYS[1] the tag; the keys are those of session_read.lua. ARGV[1] the id.
-- Returns 1, or 0 if there was none.
local tag, id = KEYS[1], ARGV[1]
redis.call('ZREM', tag .. ':used', id)
redis.call('ZREM', tag .. ':names', id)
redis.call('DEL', tag .. ':t:' .. id)
return redis.call('DEL', tag .. ':s:' .. id)

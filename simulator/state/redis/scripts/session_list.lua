-- Sessions that have not expired, ordered by name; or only how many there are.
-- KEYS[1] the tag; the keys are those of session_read.lua.
-- ARGV: clock, how long an unused session is kept (µs), where to begin (as ZRANGEBYLEX takes it), most.
-- Returns  for each its id, moment of its making, moment of its last use, number of turns, tokens.
local now = clock(ARGV[1])
local tag = KEYS[1]
local ttl, most = tonumber(ARGV[2]), tonumber(ARGV[4])
local from = ARGV[3]
local found = {}
while #found < most do
  local page = redis.call('ZRANGEBYLEX', tag .. ':names', from, '+', 'LIMIT', 0, most)
  if #page == 0 then
    break
  end
  for _, id in ipairs(page) do
    local kept = redis.call('HMGET', tag .. ':s:' .. id, 'created', 'used', 'tokens')
    if not kept[1] then
      redis.call('ZREM', tag .. ':names', id)
      redis.call('ZREM', tag .. ':used', id)
    elseif tonumber(kept[2]) + ttl > now and #found < most then
      local turns = redis.call('LLEN', tag .. ':t:' .. id)
      found[#found + 1] = { id, tonumber(kept[1]), tonumber(kept[2]), turns, tonumber(kept[3]) }
    end
  end
  from = '(' .. page[#page]
end
return found

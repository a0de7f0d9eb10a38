-- A stored object. The keys are those of object_common.lua. ARGV: clock, id.
-- Returns nothing; or the body; or size, number of pieces and token.
local place, size, until_us, pieces, _, token = find(ARGV[2])
if not place or until_us <= clock(ARGV[1]) then
  return {}
end
if pieces > 0 then
  return { size, pieces, token }
end
local body = redis.call('GET', tag .. ':b:' .. ARGV[2])
if not body then
  drop(ARGV[2])
  return {}
end
return { body }

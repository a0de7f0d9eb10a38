-- Replace a stored object's body if it is the one that is expected. The keys are those of object_common.lua.
-- ARGV: clock, id, the digest of the expected body, what keys outlive their meaning by (ms), then the new body as
-- object_put.lua takes it. Returns 1; 0 if the body is another or there is none; -1 if a piece is gone.
local now = clock(ARGV[1])
local id = ARGV[2]
local place, _, until_us, pieces, digest, token = find(id)
if not place or until_us <= now or digest ~= ARGV[3] then
  return 0
end
local first = pieces == 0 and tag .. ':b:' .. id or tag .. ':p:' .. token .. ':0'
if redis.call('EXISTS', first) == 0 then
  return 0
end
local life = math.ceil((until_us - now) / 1000) + tonumber(ARGV[4])
local given = body_from(5)
if not adopt(given.token, given.pieces, life) then
  return -1
end
replace(id, place, until_us, life, given)
return 1

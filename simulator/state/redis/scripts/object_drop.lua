-- Forget a stored object. The keys are those of object_common.lua.
-- ARGV: clock, id, then the token of its body if only that one is meant, else nothing. Returns 1, or 0 if there was none.
local place, _, until_us, _, _, token = find(ARGV[2])
if not place or (ARGV[3] and ARGV[3] ~= token) then
  return 0
end
drop(ARGV[2])
return until_us > clock(ARGV[1]) and 1 or 0

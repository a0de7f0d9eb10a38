-- Stored objects of a shelf in the order of their first put. The keys are those of object_common.lua.
-- ARGV: clock, "scope\nkind", the name or else (after a space) the place behind which to begin, most, 1 for the oldest
--   first, how many bytes of bodies are told at the most.
-- Returns  1 if there is no more, else 0; the place behind which to go on; then for each object its name and its body,
--          or its size if it lies in pieces.
local LOOKED_AT = 500
local now = clock(ARGV[1])
local shelf, after = ARGV[2], ARGV[3]
local most, budget = tonumber(ARGV[4]), tonumber(ARGV[6])
local rising = ARGV[5] == '1'
local behind = rising and '-inf' or '+inf'
if string.sub(after, 1, 1) == ' ' then
  behind = '(' .. string.sub(after, 2)
elseif after ~= '' then
  local place, _, until_us = find(shelf .. '\n' .. after)
  if not place or until_us <= now then
    return { 1, '' }
  end
  behind = string.format('(%.0f', place)
end
local reply = { 1, '' }
local key = tag .. ':shelf:' .. shelf
local names
if rising then
  names = redis.call('ZRANGEBYSCORE', key, behind, '+inf', 'WITHSCORES', 'LIMIT', 0, LOOKED_AT)
else
  names = redis.call('ZREVRANGEBYSCORE', key, behind, '-inf', 'WITHSCORES', 'LIMIT', 0, LOOKED_AT)
end
if #names == 2 * LOOKED_AT then
  reply[1] = 0
end
for each = 1, #names, 2 do
  if most == 0 then
    reply[1] = 1
    break
  end
  local id = shelf .. '\n' .. names[each]
  local place, size, until_us, pieces = find(id)
  if place and until_us > now then
    local told = size
    if pieces == 0 then
      budget = budget - size
      if budget < 0 and #reply > 2 then
        reply[1] = 0
        break
      end
      told = redis.call('GET', tag .. ':b:' .. id)
    end
    if told then
      reply[#reply + 1] = names[each]
      reply[#reply + 1] = told
      most = most - 1
    end
  end
  reply[2] = names[each + 1]
end
return reply

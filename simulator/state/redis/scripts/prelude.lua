-- Microseconds: those that the caller gives, or the server's own for a negative number.
local function clock(given)
  given = tonumber(given)
  if given >= 0 then
    return given
  end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

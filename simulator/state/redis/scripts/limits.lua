-- Rate limits and leases of one batch: all that several requests ask, in their order, in one call.
--
-- KEYS[1]  the tag. A bucket is <tag>:l:<name>, the leases of a name <tag>:c:<name>, the names that an owner has
--          leases of <tag>:o:<owner>, the buckets that changed in a second <tag>:h:<second>.
-- ARGV[1]  msgpack of a flat list: clock, owner, and for each operation its kind, a number of buckets, a number of
--          leases, then the buckets (name, amount, capacity, period, fixed) and the leases (name, number).
--            0 admit   amounts are asked for; a lease's number is its limit; all are granted or none
--            1 settle  amounts are charged or given back; leases are released
--            2 raise   amount is a level, and a bucket has a sixth field, the microsecond at which it was right
--            3 renew   a lease's number is how many the owner holds
-- Returns  msgpack of a flat list: clock, and for each operation 1 or 0 (granted), level and microsecond of each
--          bucket as they are stored afterwards, and the number of leases of each name.
--
-- The arithmetic is that of simulator/state/embedded/buckets.py, in the same order, so that both come to the same
-- doubles. A name is read once a batch and written once.

local MOST = 9007199254740991
local LEASE_US = 30000000
local MARGIN_MS = 60000

local request = cmsgpack.unpack(ARGV[1])
local tag = KEYS[1]
local now = clock(request[1])
local owner = request[2]
local size = #request
local reply = { now }
local filled = 1
local buckets, holders = {}, {}
local undo_bucket, undo_level, undo_at, undo_holder = {}, {}, {}, {}

local function bucket(name)
  local found = buckets[name]
  if not found then
    local kept = redis.call('GET', tag .. ':l:' .. name)
    found = { level = 0, at = now }
    if kept then
      found.level, found.at = struct.unpack('<dd', kept)
    end
    buckets[name] = found
  end
  return found
end

local function present(level, at, capacity, period, fixed, when)
  local elapsed = when - at
  if elapsed >= period or elapsed < -period then
    return 0, when
  end
  if elapsed <= 0 or fixed then
    return level, at
  end
  level = level - math.floor(elapsed * capacity * 1e6 / period)
  if level < 0 then
    level = 0
  end
  return level, when
end

local function change(found, level, at, capacity, period, fixed)
  found.level, found.at = level, at
  found.capacity, found.period, found.fixed = capacity, period, fixed
end

local function holder(name)
  local found = holders[name]
  if not found then
    found = { own = 0, total = 0 }
    local fields = redis.call('HGETALL', tag .. ':c:' .. name)
    for each = 1, #fields, 2 do
      local count, until_us = struct.unpack('<dd', fields[each + 1])
      -- A clock far behind is another clock, not an early look.
      if until_us <= now or until_us > now + 2 * LEASE_US then
        redis.call('HDEL', tag .. ':c:' .. name, fields[each])
      else
        found.total = found.total + count
        if fields[each] == owner then
          found.own = count
        end
      end
    end
    holders[name] = found
  end
  return found
end

local function hold(found, own)
  if own < 0 then
    own = 0
  end
  found.total = found.total + own - found.own
  found.own = own
  found.changed = true
end

local function admit(first, demands, leases)
  local done, held = 0, 0
  local granted = true
  local i = first
  for _ = 1, demands do
    local amount, capacity, period, fixed = request[i + 1], request[i + 2], request[i + 3], request[i + 4]
    local found = bucket(request[i])
    if granted then
      local level, at = present(found.level, found.at, capacity, period, fixed, now)
      if level + amount * 1e6 > capacity * 1e6 then
        granted = false
      elseif amount > 0 then
        done = done + 1
        undo_bucket[done], undo_level[done], undo_at[done] = found, found.level, found.at
        found.level, found.at = level + amount * 1e6, at
      end
    end
    i = i + 5
  end
  for _ = 1, leases do
    local found = holder(request[i])
    if granted then
      if found.total < request[i + 1] then
        held = held + 1
        undo_holder[held] = found
        hold(found, found.own + 1)
      else
        granted = false
      end
    end
    i = i + 2
  end
  if granted then
    i = first
    for _ = 1, demands do
      if request[i + 1] > 0 then
        local found = buckets[request[i]]
        change(found, found.level, found.at, request[i + 2], request[i + 3], request[i + 4])
      end
      i = i + 5
    end
    return 1
  end
  for each = done, 1, -1 do
    undo_bucket[each].level, undo_bucket[each].at = undo_level[each], undo_at[each]
  end
  for each = held, 1, -1 do
    hold(undo_holder[each], undo_holder[each].own - 1)
  end
  return 0
end

local function settle(first, demands, leases)
  local i = first
  for _ = 1, demands do
    local amount, capacity, period, fixed = request[i + 1], request[i + 2], request[i + 3], request[i + 4]
    local found = bucket(request[i])
    local level, at = present(found.level, found.at, capacity, period, fixed, now)
    if amount > 0 or (amount < 0 and level > 0) then
      level = math.min(math.max(level + amount * 1e6, 0), MOST)
      change(found, level, at, capacity, period, fixed)
    end
    i = i + 5
  end
  for _ = 1, leases do
    local found = holder(request[i])
    hold(found, found.own - 1)
    i = i + 2
  end
  return 1
end

local function raise(first, demands)
  local i = first
  for _ = 1, demands do
    local capacity, period, fixed, at = request[i + 2], request[i + 3], request[i + 4], request[i + 5]
    local found = bucket(request[i])
    local level_given, at_given = present(request[i + 1], at, capacity, period, fixed, now)
    -- What is over by now must not make a window that is under way longer.
    if level_given > 0 then
      local level_here, at_here = present(found.level, found.at, capacity, period, fixed, now)
      if level_here > 0 then
        local when = math.max(at_here, at_given)
        level_here, at_here = present(level_here, at_here, capacity, period, fixed, when)
        level_given, at_given = present(level_given, at_given, capacity, period, fixed, when)
        level_given, at_given = math.max(level_here, level_given), math.max(at_here, at_given)
      end
      change(found, level_given, at_given, capacity, period, fixed)
    end
    i = i + 6
  end
  return 1
end

local function renew(first, leases)
  local names = tag .. ':o:' .. owner
  local i = first
  for _ = 1, leases do
    hold(holder(request[i]), request[i + 1])
    redis.call('SADD', names, request[i])
    i = i + 2
  end
  redis.call('PEXPIRE', names, 2 * LEASE_US / 1000)
  return 1
end

local i = 3
while i <= size do
  local kind, demands, leases = request[i], request[i + 1], request[i + 2]
  local first = i + 3
  local width = 5
  local granted
  if kind == 0 then
    granted = admit(first, demands, leases)
  elseif kind == 1 then
    granted = settle(first, demands, leases)
  elseif kind == 2 then
    width = 6
    granted = raise(first, demands)
  else
    granted = renew(first, leases)
  end
  filled = filled + 1
  reply[filled] = granted
  i = first
  for _ = 1, demands do
    local found = buckets[request[i]]
    reply[filled + 1], reply[filled + 2] = found.level, found.at
    filled = filled + 2
    i = i + width
  end
  for _ = 1, leases do
    filled = filled + 1
    reply[filled] = holders[request[i]].total
    i = i + 2
  end
end

local changed = {}
for name, found in pairs(buckets) do
  if found.period then
    local left = math.ceil((found.at + found.period - now) / 1000)
    local kept = struct.pack('<ddddB', found.level, found.at, found.capacity, found.period, found.fixed and 1 or 0)
    redis.call('SET', tag .. ':l:' .. name, kept, 'PX', math.max(left, 0) + MARGIN_MS)
    changed[#changed + 1] = name
  end
end
if #changed > 0 then
  local second = tag .. ':h:' .. string.format('%.0f', math.floor(now / 1000000))
  for each = 1, #changed, 1000 do
    redis.call('SADD', second, unpack(changed, each, math.min(each + 999, #changed)))
  end
  redis.call('PEXPIRE', second, 10000)
end
for name, found in pairs(holders) do
  if found.changed then
    local key = tag .. ':c:' .. name
    if found.own > 0 then
      redis.call('HSET', key, owner, struct.pack('<dd', found.own, now + LEASE_US))
      redis.call('PEXPIRE', key, LEASE_US / 1000 + MARGIN_MS)
    else
      redis.call('HDEL', key, owner)
    end
  end
end
return cmsgpack.pack(reply)

-- Tell a circuit breaker something, as simulator/state/circuit.py has it: the same states, events, table and actions.
-- KEYS[1] the tag, ARGV: clock, name, event, ticket, what a circuit is kept for beyond its meaning (µs), parts of the
-- window, then the rules: threshold, rate (millionths), window (µs), minimum, open (µs), probes, probe (µs).
-- A circuit is kept as doubles: state, generation, since, until, failures, out, passed, probed, when it is forgotten,
-- then three for each part of the window: its number, outcomes, failures.
-- Returns  allowed (1 or 0), state, generation, what is left of the open time, since, failures, outcomes and failures
--          of the window, out, passed, then the states that were entered.
local CLOSED, HALF_OPEN, OPEN = 0, 1, 2
local follows = {
  [CLOSED] = {
    asked = { CLOSED, 'let' },
    succeeded = { CLOSED, 'count' },
    failed = { CLOSED, 'count' },
    exhausted = { OPEN, 'enter' },
    tripped = { OPEN, 'enter' },
    reset = { CLOSED, 'enter' },
  },
  [OPEN] = {
    asked = { OPEN, 'refuse' },
    elapsed = { HALF_OPEN, 'enter' },
    tripped = { OPEN, 'enter' },
    reset = { CLOSED, 'enter' },
  },
  [HALF_OPEN] = {
    asked = { HALF_OPEN, 'probe' },
    crowded = { HALF_OPEN, 'refuse' },
    succeeded = { HALF_OPEN, 'pass' },
    dropped = { HALF_OPEN, 'return' },
    failed = { OPEN, 'enter' },
    recovered = { CLOSED, 'enter' },
    tripped = { OPEN, 'enter' },
    reset = { CLOSED, 'enter' },
  },
}
local now = clock(ARGV[1])
local key = KEYS[1] .. ':c:' .. ARGV[2]
local event, ticket = ARGV[3], tonumber(ARGV[4])
local keep, parts = tonumber(ARGV[5]), tonumber(ARGV[6])
local threshold, rate, window, minimum = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local open, probes, overdue = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local number = math.floor(now / math.max(1, math.floor(window / parts)))

local state, generation, since, until_us, failures, out, passed, probed = CLOSED, 0, 0, 0, 0, 0, 0, 0
local slices, changed, entered = {}, false, {}
local kept = redis.call('GET', key)
if kept and now < struct.unpack('<d', kept, 65) then
  state, generation, since, until_us, failures, out, passed, probed = struct.unpack('<dddddddd', kept)
  for at = 73, #kept, 24 do
    slices[#slices + 1] = { struct.unpack('<ddd', kept, at) }
  end
end

-- The outcomes of the window and the failures among them.
local function seen()
  local outcomes, failed = 0, 0
  for _, slice in ipairs(slices) do
    if number - parts < slice[1] and slice[1] <= number then
      outcomes, failed = outcomes + slice[2], failed + slice[3]
    end
  end
  return outcomes, failed
end

local actions = {
  let = function() end,
  refuse = function() end,
  enter = function(to)
    state, generation, since, until_us = to, generation + 1, now, 0
    failures, out, passed, probed, slices = 0, 0, 0, 0, {}
    if to == OPEN then
      until_us = now + open
    end
    changed = true
  end,
  count = function(_, told)
    local bad = told == 'failed' and 1 or 0
    local run = bad == 1 and failures + 1 or 0
    changed = changed or run ~= failures or rate > 0 or #slices > 0
    failures = run
    local living, here = {}, { number, 0, 0 }
    if rate > 0 then
      for _, slice in ipairs(slices) do
        if slice[1] == number then
          here = slice
        elseif number - parts < slice[1] and slice[1] < number then
          living[#living + 1] = slice
        end
      end
      living[#living + 1] = { number, here[2] + 1, here[3] + bad }
    end
    slices = living
  end,
  probe = function()
    out, probed, changed = (out + passed < probes and out or 0) + 1, now, true
  end,
  pass = function()
    out, passed, changed = math.max(0, out - 1), passed + 1, true
  end,
  ['return'] = function()
    if out > 0 then
      out, changed = out - 1, true
    end
  end,
}

local function follow(told)
  local found = follows[state][told]
  if not found then
    return nil
  end
  if found[1] ~= state then
    entered[#entered + 1] = found[1]
  end
  actions[found[2]](found[1], told)
  return found[2]
end

-- What is due by itself.
local function settle()
  if state == OPEN then
    if now >= until_us then
      follow('elapsed')
    end
  elseif state == HALF_OPEN then
    if passed >= probes then
      follow('recovered')
    end
  else
    local outcomes, failed = seen()
    local many = rate > 0 and outcomes >= minimum and failed * 1000000 >= rate * outcomes
    if (threshold > 0 and failures >= threshold) or many then
      follow('exhausted')
    end
  end
end

settle()
local outcome = event == 'succeeded' or event == 'failed' or event == 'dropped'
local action
if event ~= 'looked' and (not outcome or ticket == generation) then
  if event == 'asked' and state == HALF_OPEN and out + passed >= probes and now < probed + overdue then
    event = 'crowded'
  end
  action = follow(event)
  settle()
end
if event == 'looked' then
  changed, entered = false, {}
end
if changed then
  local ends = math.max(now, until_us) + keep
  local text = struct.pack('<ddddddddd', state, generation, since, until_us, failures, out, passed, probed, ends)
  for _, slice in ipairs(slices) do
    text = text .. struct.pack('<ddd', slice[1], slice[2], slice[3])
  end
  redis.call('SET', key, text, 'PX', string.format('%.0f', math.ceil((ends - now) / 1000) + 60000))
end
local outcomes, failed = seen()
local left = state == OPEN and math.max(0, until_us - now) or 0
local allowed = (action == 'let' or action == 'probe') and 1 or 0
local told = { allowed, state, generation, left, since, failures, outcomes, failed, out, passed }
for _, one in ipairs(entered) do
  told[#told + 1] = one
end
return told

-- What each script of a commit begins with: the keys, the arguments that all
-- have, and how to take those that follow.
local clients, ids, closed, transitions, meta, totals, quarantine, rejected, checkpoints, marker = unpack(KEYS)
local at = 0
local function take() at = at + 1 return ARGV[at] end
local number, tip, verify, guess, token, rule = take(), take(), take(), tonumber(take()), take(), take()
local history_rows, quarantine_rows, quarantine_bytes, now = tonumber(take()), tonumber(take()), tonumber(take()), take()

-- The place of the next list of so many values, from its first to its last.
local function list()
  local length = tonumber(take())
  local first = at + 1
  at = at + length
  return first, at
end
-- Calls with a list in pieces: Lua's stack holds some 8,000 values.
local function call(command, key, first, last)
  for i = first, last, 4000 do
    redis.call(command, key, unpack(ARGV, i, math.min(i + 3999, last)))
  end
end

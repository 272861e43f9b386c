-- One commit: all of it or nothing. It writes only if no client of the batch
-- changed since the caller read it, and answers
--   {'done', base, alone}        written; `base` transitions were there before
--   {'again', base, count}       this commit was written before
--   {'rule', rule}               another rule is in force
--   {'changed', last, id, record, ...}  nothing written: these differ, or
--                                may: somebody else committed, unchecked
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

if number ~= '0' then
  local said = redis.call('GET', marker)
  if said then
    local done, base, count = string.match(said, '^(%d+) (%d+) (%d+)$')
    if tonumber(done) >= tonumber(number) then return {'again', base, count} end
  end
end
local state = redis.call('HMGET', meta, 'rule', 'tip')
if state[1] ~= rule then return {'rule', state[1] or ''} end
local base = tonumber(redis.call('HGET', totals, 'last_transition') or 0)
local alone = (state[2] or '') == tip

local check_first, check_last = list()
local token_first = list()
if not alone and verify ~= '1' then return {'changed', base} end
if verify == '1' then
  local differ = {'changed', base}
  for i = check_first, check_last, 4000 do
    local records = redis.call('HMGET', clients, unpack(ARGV, i, math.min(i + 3999, check_last)))
    for k = 1, math.min(4000, check_last - i + 1) do
      local record = records[k] or ''
      local has = string.match(record, '^%d+ (%S*) ') or ''
      local place = i + k - 1
      if has ~= ARGV[token_first + place - check_first] then
        differ[#differ + 1] = ARGV[place]
        differ[#differ + 1] = record
      end
    end
  end
  if #differ > 2 then return differ end
end

-- Numbers beyond `guess` were given by the caller, who may not know of the
-- latest transitions.
local shift = base - guess
local write_first, write_last = list()
if shift ~= 0 then
  for i = write_first + 1, write_last, 2 do
    local newest, rest = string.match(ARGV[i], '^(%d+)(.*)$')
    if tonumber(newest) > guess then
      ARGV[i] = string.format('%.0f', tonumber(newest) + shift) .. rest
    end
  end
end
call('HSET', clients, write_first, write_last)
call('ZADD', ids, list())
call('ZADD', closed, list())
call('ZREM', closed, list())

-- Transitions come some in one entry: how many, the ones before each, their lines.
local flip_first, flip_last = list()
local last = base
for i = flip_first, flip_last, 3 do
  local previous = ARGV[i + 1]
  if shift ~= 0 then
    previous = string.gsub(previous, '%d+', function(number)
      number = tonumber(number)
      if number > guess then return string.format('%.0f', number + shift) end
    end)
  end
  last = last + ARGV[i]
  redis.call('XADD', transitions, string.format('%.0f-0', last),
    'previous', previous, 'at', now, 'transitions', ARGV[i + 2])
end
local count = last - base
if count > 0 then
  redis.call('XTRIM', transitions, 'MINID', string.format('%.0f-0', math.max(last - history_rows + 1, 0)))
  redis.call('HINCRBY', totals, 'last_transition', count)
end

local total_first, total_last = list()
for i = total_first, total_last, 2 do
  redis.call('HINCRBY', totals, ARGV[i], ARGV[i + 1])
end

local released_first, released_last = list()
for i = released_first, released_last do
  local id = ARGV[i] .. '-0'
  local record = redis.call('XRANGE', quarantine, id, id)[1]
  if record then
    redis.call('XDEL', quarantine, id)
    if record[2][4] ~= '' then redis.call('HDEL', rejected, record[2][4]) end
    redis.call('HINCRBY', totals, 'quarantined', -1)
    redis.call('HINCRBY', totals, 'quarantined_bytes', -#record[2][8])
  end
end

local poison_first, poison_last = list()
for i = poison_first, poison_last, 4 do
  local message, code, raw, record = unpack(ARGV, i, i + 3)
  local digest = ''
  if message ~= '' then digest = redis.sha1hex(message .. '\n' .. code .. '\n' .. raw) end
  if digest == '' or redis.call('HEXISTS', rejected, digest) == 0 then
    local id = redis.call('HINCRBY', totals, 'last_quarantined', 1)
    redis.call('XADD', quarantine, string.format('%.0f-0', id),
      'at', now, 'digest', digest, 'record', record, 'raw', raw)
    if digest ~= '' then redis.call('HSET', rejected, digest, id) end
    redis.call('HINCRBY', totals, 'quarantined', 1)
    redis.call('HINCRBY', totals, 'quarantined_bytes', #raw)
  end
end
if poison_last >= poison_first then
  local kept = redis.call('HMGET', totals, 'quarantined', 'quarantined_bytes')
  local rows, bytes, gone, freed = tonumber(kept[1] or 0), tonumber(kept[2] or 0), 0, 0
  while rows - gone > quarantine_rows or bytes - freed > quarantine_bytes do
    local oldest = redis.call('XRANGE', quarantine, '-', '+', 'COUNT', 1)[1]
    if not oldest then break end
    redis.call('XDEL', quarantine, oldest[1])
    if oldest[2][4] ~= '' then redis.call('HDEL', rejected, oldest[2][4]) end
    gone, freed = gone + 1, freed + #oldest[2][8]
  end
  if gone > 0 then
    redis.call('HINCRBY', totals, 'quarantined', -gone)
    redis.call('HINCRBY', totals, 'quarantined_bytes', string.format('%d', -freed))
    redis.call('HINCRBY', totals, 'quarantine_dropped', gone)
  end
end

call('HSET', checkpoints, list())
-- Also where no client changed, or the next commit could overtake this one.
redis.call('HSET', meta, 'tip', token)
if number ~= '0' then
  redis.call('SET', marker, string.format('%s %.0f %.0f', number, base, count), 'EX', 86400)
end
return {'done', base, alone and 1 or 0}


-- The clients and transitions of a commit, if no client of the batch changed
-- since the caller read it.
if refusal then return refusal end
local check_first, check_last = list()
local token_first = list()
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


-- The rest of a commit: the totals, the quarantine, and that it was the last.
if count > 0 then
  redis.call('XTRIM', transitions, 'MINID', string.format('%.0f-0', math.max(base + count - history_rows + 1, 0)))
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

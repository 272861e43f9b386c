
-- Behind a transaction's own commands: where they were not to write, what they
-- wrote goes, and what was put aside takes its place again.
local count, base, alone = tonumber(take()), guess, true
if redis.call('HDEL', meta, 'aside') == 1 then
  for _, key in ipairs({clients, ids, closed, transitions}) do
    redis.call('UNLINK', key)
    if redis.call('EXISTS', key .. ':aside') == 1 then redis.call('RENAME', key .. ':aside', key) end
  end
  return
end


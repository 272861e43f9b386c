
-- Before a transaction's own commands. Those cannot be kept from writing, so
-- where they must not, what they write to is put aside; `restore` brings it back.
if not refusal and base ~= guess then refusal = {'changed', base} end
if not refusal then return {'go'} end
redis.call('HSET', meta, 'aside', 1)
for _, key in ipairs({clients, ids, closed, transitions}) do
  if redis.call('EXISTS', key) == 1 then redis.call('RENAME', key, key .. ':aside') end
end
return refusal

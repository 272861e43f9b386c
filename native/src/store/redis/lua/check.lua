
-- Whether the commit may be written, how many transitions were there before
-- it, and whether nobody else committed since `tip`. The answer of a script is
--   {'done', base, alone}        written; `base` transitions were there before
--   {'again', base, count}       this commit was written before
--   {'rule', rule}               another rule is in force
--   {'changed', last, id, record, ...}  nothing written: these differ, or
--                                may: somebody else committed, unchecked
local refusal
if number ~= '0' then
  local said = redis.call('GET', marker)
  if said then
    local done, base, count = string.match(said, '^(%d+) (%d+) (%d+)$')
    if tonumber(done) >= tonumber(number) then refusal = {'again', base, count} end
  end
end
local state = redis.call('HMGET', meta, 'rule', 'tip')
if not refusal and state[1] ~= rule then refusal = {'rule', state[1] or ''} end
local base = tonumber(redis.call('HGET', totals, 'last_transition') or 0)
local alone = (state[2] or '') == tip
if not refusal and not alone and verify ~= '1' then refusal = {'changed', base} end

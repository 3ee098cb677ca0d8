-- Keeps the answer of a request, holds on to its key for another lease, lets go of it, or forgets it,
-- whichever its owner asks for.
-- KEYS[1] answer:<key>  HASH  f fingerprint, b base of the ids, o owner, u until when it is his, a answer
-- ARGV    owner, "keep", "hold", "drop" or "forget", then the answer and how long to keep it in ms, or
--         the lease in ms
-- RETURNS {OK, now}, or {FENCED, now} if the key is another's
-- OOM     runs: DEL or HDEL comes first, which unlocks the HSET
local now = now_ms()
local owner, verb = take(), take()
local known = redis.call('HMGET', KEYS[1], 'o', 'a')
if (verb == 'drop' or verb == 'forget') and not known[1] then
  return {'OK', now}
end
if known[1] ~= owner then
  return {'FENCED', now}
end
if known[2] then
  return {'OK', now}
end
if verb == 'forget' then
  redis.call('DEL', KEYS[1])
  return {'OK', now}
end
redis.call('HDEL', KEYS[1], 'u')
if verb == 'keep' then
  redis.call('HSET', KEYS[1], 'a', take())
  redis.call('PEXPIRE', KEYS[1], take())
elseif verb == 'hold' then
  redis.call('HSET', KEYS[1], 'u', text(now + take()))
else
  redis.call('HDEL', KEYS[1], 'o')
end
return {'OK', now}

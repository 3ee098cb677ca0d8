-- Finds one task, wherever it is.
-- KEYS[1] r:<bucket> or id:<id>  HASH|STRING  record
-- KEYS[2] groups                 ZSET         lease group -> expiry in ms
-- KEYS[3] scheduled              ZSET         task id -> due in ms
-- KEYS[4] scheduled:d            HASH         task id -> message
-- KEYS[5] retry                  ZSET         task id -> due in ms
-- KEYS[6] retry:d                HASH         task id -> message
-- KEYS[7] parked                 HASH         task id -> message of a dead, cancelled or expired task
-- KEYS[8] dead                   ZSET         task id -> died at, in ms
-- KEYS[9] expired                ZSET         task id -> forget at, in ms
-- KEYS[10] cancelled             ZSET         task id -> forget at, in ms
-- KEYS[11] progress              HASH         task id -> what its handler reported last
-- KEYS[12] stopping              SET          ids in flight that are called off
-- ARGV    id, slot in the bucket or "", prefix of the keys of hashes in flight
-- RETURNS {where, now, record or "", message or "", lease group or due in ms, progress or "", 1 when it is
--         called off}: LEASED, SCHEDULED, RETRY, ELSEWHERE (the record says the rest), NONE; without a record
--         DEAD, EXPIRED or CANCELLED; the last two values for LEASED only
-- OOM     runs: reads only
local now = now_ms()
local id, slot, prefix = take(), take(), take()
local record
if slot == '' then
  record = redis.call('GET', KEYS[1]) or ''
else
  record = redis.call('HGET', KEYS[1], slot) or ''
end
local message = redis.call('HGET', KEYS[4], id)
if message then
  return {'SCHEDULED', now, record, message, redis.call('ZSCORE', KEYS[3], id)}
end
message = redis.call('HGET', KEYS[6], id)
if message then
  return {'RETRY', now, record, message, redis.call('ZSCORE', KEYS[5], id)}
end
for _, group in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  message = redis.call('HGET', prefix .. group, id)
  if message then
    local progress = redis.call('HGET', KEYS[11], id) or ''
    return {'LEASED', now, record, message, group, progress, redis.call('SISMEMBER', KEYS[12], id)}
  end
end
message = redis.call('HGET', KEYS[7], id) or ''
if record == '' and message ~= '' and redis.call('ZSCORE', KEYS[8], id) then
  return {'DEAD', now, '', message, ''}
end
if record == '' and message ~= '' and redis.call('ZSCORE', KEYS[9], id) then
  return {'EXPIRED', now, '', message, ''}
end
if record == '' and message ~= '' and redis.call('ZSCORE', KEYS[10], id) then
  return {'CANCELLED', now, '', message, ''}
end
if record == '' then
  return {'NONE', now, '', '', ''}
end
return {'ELSEWHERE', now, record, message, ''}

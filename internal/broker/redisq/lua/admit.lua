-- Says of messages that came by a carrier whether they may run here, and begins the worker's lease of those
-- that may. Whatever a carrier delivers again, what is known of the task here decides.
-- KEYS[1] groups      ZSET    lease group -> expiry in ms
-- KEYS[2] if:<group>  HASH    task id -> message in flight; #f is this script's replay mark, #s the suspect
-- KEYS[3] gate        HASH    whether the queue is paused, its limits, how far they are used, how many tasks are away
-- KEYS[4] taken       SET     ids that came by a carrier and are in flight
-- KEYS[5] withdrawn   SET     ids that were called off and are still on their way
-- KEYS[6] cancelled   ZSET    task id -> forget at, in ms
-- KEYS[7] parked      HASH    task id -> message of a dead, cancelled or expired task
-- KEYS[8] scheduled   ZSET    task id -> due in ms
-- KEYS[9] retry       ZSET    task id -> due in ms
-- KEYS[10] crashes    HASH    task id -> how often its worker died
-- KEYS[11] deleted    ZSET    ids of deleted tasks that a carrier may bring again -> forget at, in ms
-- ARGV    prefix of the queue's keys, group, seq, 1 when they are not to start, and no limit is asked; n, n times
--         id or "" of a message that is not admitted, attempt, when it was enqueued in ms or 0, message
-- RETURNS {status, now, wait in ms, verdicts}: OK, PAUSED, LIMITED (nothing is known of any but that), FENCED or
--         STALE. A verdict is a letter: G the worker has it, S it is over, called off or to run later, B some worker
--         has it, L something is in the way for now. The field of a message without an id is "?…"
-- OOM     runs: HDEL comes first and unlocks the rest
local now = now_ms()
local prefix, group, seq, unbound, n = take(), take(), take(), take() == '1', tonumber(take())
local groups, inflight, gate, taken, withdrawn = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local cancelled, parked, scheduled, retry, crashes, deleted = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]

-- Every answer is written down: what is sent again gets the same one, and a straggler, of which nobody waits
-- for an answer, begins nothing.
local mark = redis.call('HGET', inflight, '#f')
if mark then
  local answered, status, wait, verdicts = string.match(mark, '^(%d+) ?(%u*) ?(%d*) ?(%u*)')
  if tonumber(answered) > tonumber(seq) then
    return {'STALE', now, 0, ''}
  end
  if answered == seq then
    return {status, now, tonumber(wait) or 0, verdicts}
  end
end
if not redis.call('ZSCORE', groups, group) then
  return {'FENCED', now, 0, ''}
end
local refused = wrong_type(
  inflight, 'hash', gate, 'hash', taken, 'set', withdrawn, 'set', cancelled, 'zset', parked, 'hash',
  scheduled, 'zset', retry, 'zset', crashes, 'hash', deleted, 'zset'
)
if refused then
  return refused
end
redis.call('HDEL', inflight, '')
local function note(status, wait, verdicts)
  redis.call('HSET', inflight, '#f', table.concat({seq, status, text(wait), verdicts}, ' '))
end
local room, wait, tokens = n, 0, nil
if not unbound then
  room, wait, tokens = room_of(gate, now, n, n)
end
if not room then
  note('PAUSED', wait, '')
  return {'PAUSED', now, wait, ''}
end

local ids, attempts, times, messages = {}, {}, {}, {}
for i = 1, n do
  ids[i], attempts[i], times[i], messages[i] = take(), tonumber(take()), take(), take()
end
local here, flown = redis.call('HMGET', inflight, unpack(ids)), redis.call('SMISMEMBER', taken, unpack(ids))
-- Many queues have none of these, and are asked once for all of them.
local marked = redis.call('EXISTS', withdrawn, scheduled, retry, crashes, deleted) > 0
local suspect = marked and redis.call('HGET', inflight, '#s')
suspect = suspect and redis.call('HEXISTS', inflight, suspect) == 1 and suspect

local function called_off(id, message)
  if redis.call('SREM', withdrawn, id) == 0 then
    return false
  end
  if redis.call('ZSCORE', cancelled, id) then
    redis.call('HSET', parked, id, message)
  end
  return true
end
-- The number of the last attempt stands in a record before everything that a handler wrote. That of a task that
-- was put off runs again. The record of another time is that of a later task, which has got the id of one that
-- was deleted, or that Redis had forgotten.
local function has_run(record, attempt, time)
  local head, name = string.match(record, '^(.-)"([zsfwrxpukg])":')
  head = head or record
  local last, at = tonumber(string.match(head, '"a":(%d+)') or 0), string.match(head, '"e":(%d+)')
  return last > attempt or last == attempt and name ~= 'z' or at and time ~= '0' and at ~= time
end
local function is_stale(id, attempt, time)
  local record = record_of(prefix, id)
  if record and (string.sub(record, 1, 1) ~= '.' or has_run(record, attempt, time)) then
    return true
  end
  if marked and not record and redis.call('ZSCORE', deleted, id) then
    return true
  end
  return marked and (redis.call('ZSCORE', retry, id) or redis.call('ZSCORE', scheduled, id)) and true
end
-- A worker has one suspect at a time, so that only the guilty one can be there when it dies again.
local function is_suspect(id)
  return marked and not unbound and tonumber(redis.call('HGET', crashes, id) or 0) > 1
end

-- An id may stand here twice, with another attempt: only what was called off goes with all its copies.
local dropped, named, granted, gone, limited = {}, {}, {}, 0, false
local function judge(i, id)
  if id ~= '' then
    dropped[id] = dropped[id] or marked and called_off(id, messages[i])
    if dropped[id] or is_stale(id, attempts[i], times[i]) then
      return 'S'
    elseif named[id] or here[i] or flown[i] == 1 and group_of(groups, prefix, id) then
      return 'B'
    end
  end
  if #granted >= room then
    limited = true
    return 'L'
  end
  if id ~= '' and is_suspect(id) then
    if suspect then
      return 'L'
    end
    suspect = id
  end
  granted[#granted + 1] = i
  return 'G'
end
local verdicts, later, busy = {}, 0, 0
for i, id in ipairs(ids) do
  verdicts[i] = judge(i, id)
  named[id] = named[id] or verdicts[i] == 'G'
  gone = gone + (verdicts[i] == 'S' and 1 or 0)
  later = later + (verdicts[i] == 'L' and 1 or 0)
  busy = busy + (verdicts[i] == 'B' and 1 or 0)
end
-- Where no order is kept, the carrier is told to forget what another has.
if busy > 0 and not redis.call('HGET', gate, 'ordered') then
  gone = gone + busy
end
-- One that is faster than its relay is counted before it is known to be away.
local fewer = gone + #granted
if fewer > 0 and redis.call('HINCRBY', gate, 'away', -fewer) == 0 then
  redis.call('HDEL', gate, 'away')
end
if limited and later == n then
  note('LIMITED', wait, '')
  return {'LIMITED', now, wait, ''}
end
verdicts = table.concat(verdicts)
note('OK', 0, verdicts)
if #granted > 0 then
  local entries, ours = {}, {}
  for _, i in ipairs(granted) do
    entries[#entries + 1] = ids[i] ~= '' and ids[i] or '?' .. seq .. '.' .. i
    entries[#entries + 1] = messages[i]
    ours[#ours + 1] = ids[i] ~= '' and ids[i] or nil
  end
  if suspect then
    entries[#entries + 1], entries[#entries + 2] = '#s', suspect
  end
  redis.call('HSET', inflight, unpack(entries))
  if #ours > 0 then
    redis.call('SADD', taken, unpack(ours))
  end
  begin(gate, now, #granted, tokens)
end
return {'OK', now, 0, verdicts}

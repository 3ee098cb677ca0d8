-- Reads a page of an index with records and messages.
-- KEYS[1] scheduled|retry|dead|dead:<fp>|cancelled|expired|finished:at  ZSET  task id -> ms
-- KEYS[2] scheduled:d|retry:d|parked                                    HASH  task id -> message
-- ARGV    prefix of the queue's keys; up or down; score and id of the entry that the page follows, or
--         two ""; highest score; most entries; most bytes
-- RETURNS {OK, now, ids, scores, records or "", messages or "", 1 when nothing follows}
-- OOM     runs: reads only
local now = now_ms()
local prefix, way, score, id = take(), take(), take(), take()
local highest, most, most_bytes = tonumber(take()), tonumber(take()), tonumber(take())
local up, entries = way == 'up', nil
if up then
  local first = 0
  if id ~= '' then
    local rank, present = rank_of(KEYS[1], score, id)
    first = present and rank + 1 or rank
  end
  entries = redis.call('ZRANGE', KEYS[1], first, first + most - 1, 'WITHSCORES')
else
  local last = (id ~= '' and rank_of(KEYS[1], score, id) or redis.call('ZCARD', KEYS[1])) - 1
  entries = {}
  if last >= 0 then
    local found = redis.call('ZRANGE', KEYS[1], math.max(0, last - most + 1), last, 'WITHSCORES')
    for i = #found - 1, 1, -2 do
      entries[#entries + 1], entries[#entries + 2] = found[i], found[i + 1]
    end
  end
end
local ids, scores, records, messages, bytes = {}, {}, {}, {}, 0
local over = #entries < 2 * most
for i = 1, #entries, 2 do
  if tonumber(entries[i + 1]) > highest then
    over = true
    break
  end
  if bytes >= most_bytes then
    over = false
    break
  end
  local n = #ids + 1
  ids[n], scores[n] = entries[i], entries[i + 1]
  records[n] = record_of(prefix, ids[n]) or ''
  messages[n] = redis.call('HGET', KEYS[2], ids[n]) or ''
  bytes = bytes + #records[n] + #messages[n]
end
return {'OK', now, ids, scores, records, messages, over and 1 or 0}

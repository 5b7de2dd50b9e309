-- Arguments: how many cookies to send in turn (0: that of the fields, always), and the paths to ask for in turn.
-- Fields come by wrk's own -H.
function init(args)
  local cookies, paths = tonumber(args[1]), #args - 1
  wrk.path = args[2]
  if paths < 2 and cookies == 0 then return end
  local requests, count, next = {}, paths * math.max(cookies, 1), 0
  for i = 1, count do
    if cookies > 0 then wrk.headers["Cookie"] = string.format("session=3f2a9c4e7b1d4f6e8a0c%04d; theme=dark", i) end
    requests[i] = wrk.format(nil, args[2 + i % paths])
  end
  request = function()
    next = next % count + 1
    return requests[next]
  end
end

-- wrk's own summary rounds; this one is read by wrk.ts.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"bytes":%d,"durationUs":%d,"failed":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.bytes, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)
  ))
end

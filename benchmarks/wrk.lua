-- Arguments: the paths to ask for in turn. Fields come by wrk's own -H.
function init(args)
  wrk.path = args[1]
  if #args < 2 then return end
  local requests, count, next = {}, #args, 0
  for i = 1, count do requests[i] = wrk.format(nil, args[i]) end
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

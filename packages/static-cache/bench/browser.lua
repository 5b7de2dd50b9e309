-- What a browser sends, with wrk's own Host line about 600 bytes of head. Arguments: the path, and an If-None-Match.
-- wrk makes the request once: were it made anew each time, wrk would be busier than the server.
function init(args)
  wrk.path = args[1]
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
  wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
  wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
  wrk.headers["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8"
  wrk.headers["Cookie"] = "session=3f2a9c4e7b1d4f6e8a0c2b5d; theme=dark"
  wrk.headers["Sec-Fetch-Dest"] = "document"
  wrk.headers["Sec-Fetch-Mode"] = "navigate"
  wrk.headers["Upgrade-Insecure-Requests"] = "1"
  if args[2] then wrk.headers["If-None-Match"] = args[2] end
  local whole = wrk.format()
  request = function() return whole end
end

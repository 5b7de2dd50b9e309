<?php
// What the fifty requests ask for.
const PATTERN = '0123456789abcdef';
[$rawPath] = explode('?', $_SERVER['REQUEST_URI'], 2);
$path = rawurldecode($rawPath);
[, $name, $argument] = explode('/', $path, 3) + ['', '', ''];
$count = (int) $argument;

function sized(string $body, int $status = 200): void
{
    http_response_code($status);
    header('Content-Type: application/octet-stream');
    header('Content-Length: ' . strlen($body));
    echo $body;
}

switch ($name) {
    case '':
        header('Content-Type: text/html; charset=utf-8');
        echo '<p>Hello, World!</p>';
        break;
    case 'echo':
        $body = file_get_contents('php://input');
        header('Content-Type: application/json');
        echo json_encode([
            'method' => $_SERVER['REQUEST_METHOD'],
            'path' => $path,
            'query' => $_SERVER['QUERY_STRING'] ?? '',
            'type' => $_SERVER['CONTENT_TYPE'] ?? '',
            'length' => strlen($body),
            'sha1' => sha1($body),
            'test' => $_SERVER['HTTP_X_TEST'] ?? '',
            'cookie' => $_SERVER['HTTP_COOKIE'] ?? '',
        ]);
        break;
    case 'bytes':
        sized(substr(str_repeat(PATTERN, intdiv($count, 16) + 1), 0, $count));
        break;
    case 'stream':
        header('Content-Type: text/plain');
        for ($i = 0; $i < $count; $i++) {
            echo "piece $i\n";
            flush();
        }
        break;
    case 'status':
        http_response_code($count);
        if ($count !== 204 && $count !== 304) {
            echo "status $count";
        }
        break;
    case 'redirect':
        header('Location: /echo?moved=1', true, 302);
        break;
    case 'cookies':
        header('Set-Cookie: a=1; HttpOnly; Path=/', false);
        header('Set-Cookie: b=2; expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/', false);
        echo 'two';
        break;
    case 'fields':
        for ($i = 0; $i < 30; $i++) {
            header("X-Field-$i: value $i");
        }
        echo 'fields';
        break;
    case 'range':
        $data = substr(str_repeat(PATTERN, 63), 0, 1000);
        if (!preg_match('/^bytes=(\d+)-(\d*)$/', $_SERVER['HTTP_RANGE'] ?? '', $found)) {
            header('Accept-Ranges: bytes');
            sized($data);
            break;
        }
        $first = (int) $found[1];
        $last = $found[2] === '' ? 999 : min((int) $found[2], 999);
        header($first > $last ? 'Content-Range: bytes */1000' : "Content-Range: bytes $first-$last/1000");
        if ($first > $last) {
            sized('', 416);
        } else {
            sized(substr($data, $first, $last - $first + 1), 206);
        }
        break;
    case 'etag':
        header('ETag: "abc"');
        if (($_SERVER['HTTP_IF_NONE_MATCH'] ?? '') === '"abc"') {
            http_response_code(304);
        } else {
            echo 'tagged';
        }
        break;
    case 'slow':
        sleep(1);
        echo 'slow';
        break;
    case 'error':
        throw new RuntimeException('as asked for');
    case 'truncated':
        header('Content-Length: 1000');
        echo '0123456789';
        break;
    case 'die':
        posix_kill(posix_getpid(), 9);
        break;
    default:
        http_response_code(404);
}

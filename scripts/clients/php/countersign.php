<?php
/* Countersign: report leads by signed postbacks, keep the receipts, verify webhooks. PHP 7.4 or later with curl.
 *
 *   $client = new Countersign('https://track.example', 'KM8M1EDPTQCVM', 'whsec_...', '/var/lib/shop/receipts.jsonl');
 *   $answer = $client->send(['click_id' => 'AQ...', 'txid' => 'order-1', 'email' => 'ana@example.com']);
 *   $event = Countersign::verify($secret, getallheaders(), file_get_contents('php://input')); // throws where it is forged, altered or old
 */

/* A 4xx: to send the same again would be refused again. */
class CountersignRefused extends Exception
{
}

class Countersign
{
    const PAUSES_S = [1, 2, 4];
    const WINDOW_S = 300;

    private $target, $secret, $receipts;

    public function __construct($url, $kid, $secret, $receipts)
    {
        $this->target = rtrim($url, '/') . '/postback/' . $kid;
        $this->secret = $secret;
        $this->receipts = $receipts;
    }

    public static function sign($secret, $ident, $timestamp, $body)
    {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        if ($key === false || $key === '') {
            throw new Exception('the secret is none: whsec_ and base64');
        }
        return 'v1,' . base64_encode(hash_hmac('sha256', "$ident.$timestamp.$body", $key, true));
    }

    /* The answer, once its receipt is on the disk. The very same bytes go again where it is unknown whether they arrived: they count once. */
    public function send(array $fields)
    {
        $body = json_encode((object) $fields, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
        $ident = 'msg_' . bin2hex(random_bytes(16));
        $timestamp = time();
        $headers = ['Content-Type: application/json', "webhook-id: $ident", "webhook-timestamp: $timestamp",
            'webhook-signature: ' . self::sign($this->secret, $ident, $timestamp, $body)];
        $said = null;
        foreach (array_merge(self::PAUSES_S, [null]) as $pause) {
            [$status, $text] = $this->post($body, $headers);
            if ($status >= 200 && $status < 300) {
                $said = json_decode($text, true, 64, JSON_THROW_ON_ERROR);
                break;
            }
            if ($status >= 400 && $status < 500 && $status !== 429) {
                throw new CountersignRefused($text);
            }
            if ($pause === null) {
                throw new Exception("not delivered: $text");
            }
            sleep($pause);
        }
        $this->keep($said + ['request' => "$ident.$timestamp.$body"]);
        return $said;
    }

    /* [status, body]; status 0: there was no answer. */
    protected function post($body, $headers)
    {
        $c = curl_init($this->target);
        curl_setopt_array($c, [CURLOPT_POST => true, CURLOPT_POSTFIELDS => $body, CURLOPT_HTTPHEADER => $headers, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 15]);
        $text = curl_exec($c);
        $status = $text === false ? 0 : curl_getinfo($c, CURLINFO_RESPONSE_CODE);
        return [$status, $text === false ? curl_error($c) : $text];
    }

    private function keep(array $receipt)
    {
        $line = json_encode($receipt, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n";
        if (file_put_contents($this->receipts, $line, FILE_APPEND | LOCK_EX) !== strlen($line)) {
            throw new Exception('the receipt could not be kept: ' . $line);
        }
    }

    /* What a delivery says, if it is the server's own, whole and fresh. */
    public static function verify($secret, array $headers, $body, $now = null)
    {
        $headers = array_change_key_case($headers, CASE_LOWER);
        $ident = $headers['webhook-id'] ?? '';
        $timestamp = $headers['webhook-timestamp'] ?? '';
        if ($ident === '' || !ctype_digit($timestamp) || abs(($now ?? time()) - (int) $timestamp) > self::WINDOW_S) {
            throw new Exception('no webhook of the last five minutes');
        }
        $wanted = self::sign($secret, $ident, $timestamp, $body);
        foreach (explode(' ', $headers['webhook-signature'] ?? '') as $one) {
            if (hash_equals($wanted, $one)) {
                return json_decode($body, true, 64, JSON_THROW_ON_ERROR);
            }
        }
        throw new Exception('the signature does not hold');
    }
}

/* On the command line: php countersign.php send URL KID RECEIPTS name=value...; php countersign.php verify. */
if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    try {
        $secret = getenv('COUNTERSIGN_SECRET');
        if ($argv[1] === 'send') {
            $fields = [];
            foreach (array_slice($argv, 5) as $pair) {
                [$name, $value] = explode('=', $pair, 2);
                $fields[$name] = $value;
            }
            echo json_encode((new Countersign($argv[2], $argv[3], $secret, $argv[4]))->send($fields)), "\n";
        } else {
            $headers = ['webhook-id' => getenv('WEBHOOK_ID'), 'webhook-timestamp' => getenv('WEBHOOK_TIMESTAMP'), 'webhook-signature' => getenv('WEBHOOK_SIGNATURE')];
            echo Countersign::verify($secret, $headers, stream_get_contents(STDIN))['type'], "\n";
        }
    } catch (Exception $e) {
        fwrite(STDERR, $e->getMessage() . "\n");
        exit(1);
    }
}

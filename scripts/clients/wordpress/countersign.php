<?php
/*
Plugin Name: Countersign
Description: Loads the tag that keeps click ids, and reports leads of forms by signed postbacks.
Version: 1.0
Requires PHP: 7.4

Copy this file, and ../php/countersign.php beside it as class-countersign.php, to wp-content/plugins/countersign/, activate it, and say in wp-config.php:

    define('COUNTERSIGN_URL', 'https://track.example');
    define('COUNTERSIGN_CODE', 'AQEAAAACAAAAAbw5B7eurU4nZlr2Vdxlw6M');  // a campaign's or publisher's tracking code, for the tag
    define('COUNTERSIGN_KID', 'KM8M1EDPTQCVM');
    define('COUNTERSIGN_SECRET', 'whsec_...');
    define('COUNTERSIGN_RECEIPTS', '/var/lib/countersign/receipts.jsonl');  // outside of what the web server shows

Forms of Contact Form 7 are reported by themselves; any other form by do_action('countersign_lead', ['email' => ..., 'click_id' => $_POST['click_id']]).
*/

if (!defined('ABSPATH')) {
    exit;
}
require_once __DIR__ . '/class-countersign.php';

/* The click ids of the form's own fields, which the tag fills in. */
function countersign_fields(array $posted)
{
    $names = ['your-email' => 'email', 'email' => 'email', 'your-phone' => 'phone', 'phone' => 'phone', 'tel' => 'phone', 'your-name' => 'last_name',
        'first_name' => 'first_name', 'last_name' => 'last_name', 'country' => 'country', 'click_id' => 'click_id', 'touches' => 'touches', 'txid' => 'txid'];
    $fields = [];
    foreach ($posted as $name => $value) {
        if (is_string($value) && $value !== '' && (isset($names[$name]) || strpos($name, 'f_') === 0)) {
            $fields[$names[$name] ?? $name] = $value;
        }
    }
    return $fields;
}

/* What fails is in PHP's log, with the lead, to be sent again by hand: the visitor's form goes on. */
function countersign_report($posted)
{
    $fields = countersign_fields((array) $posted);
    try {
        $client = new Countersign(COUNTERSIGN_URL, COUNTERSIGN_KID, COUNTERSIGN_SECRET, COUNTERSIGN_RECEIPTS);
        return $client->send($fields);
    } catch (Exception $e) {
        error_log('countersign: not reported: ' . $e->getMessage());
        return null;
    }
}

add_action('wp_enqueue_scripts', function () {
    wp_enqueue_script('countersign', COUNTERSIGN_URL . '/t.js?code=' . rawurlencode(COUNTERSIGN_CODE), [], null, ['strategy' => 'async']);
});
add_action('countersign_lead', 'countersign_report');
add_action('wpcf7_before_send_mail', function () {
    $submission = WPCF7_Submission::get_instance();
    if ($submission !== null) {
        countersign_report($submission->get_posted_data());
    }
});

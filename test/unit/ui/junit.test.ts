import { expect, test } from 'vitest';
import { junitXml } from '../../../src/ui/index.js';

test('a JUnit report has a suite for each group, counts, reasons, and no character that XML forbids', () => {
  const xml = junitXml('kbs verify "a"', [
    { group: 'service', name: 'w1 → service', status: 'ok', ms: 1_234, detail: 'answered' },
    { group: 'service', name: 'w2 → service', status: 'failed', ms: 15_000, detail: 'dial <tcp> & "x"\n\u0007refused' },
    { group: 'autoscaling', name: 'HPA', status: 'skipped', ms: 0, detail: 'no metrics' },
  ]);
  expect(xml.split('\n')).toEqual([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="kbs verify &quot;a&quot;" tests="3" failures="1" errors="0" skipped="1">',
    '  <testsuite name="service" tests="2" failures="1" errors="0" skipped="0" time="15.000">',
    '    <testcase classname="service" name="w1 → service" time="1.234"/>',
    '    <testcase classname="service" name="w2 → service" time="15.000"><failure message="dial &lt;tcp&gt; &amp; &quot;x&quot;&#10;refused"/></testcase>',
    '  </testsuite>',
    '  <testsuite name="autoscaling" tests="1" failures="0" errors="0" skipped="1" time="0.000">',
    '    <testcase classname="autoscaling" name="HPA" time="0.000"><skipped message="no metrics"/></testcase>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ]);
});

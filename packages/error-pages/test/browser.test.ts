import { createWorker } from '@highball/async-worker';
import { CHROMIUM_FLAGS, findPeer, missingPeers } from '@highball/testkit';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { errorPages } from '../src/index.ts';

/** Relative luminance (WCAG 2.2) of a colour as getComputedStyle writes it. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+/g) ?? []).map((value) => {
    const share = Number(value) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(first: string, second: string): number {
  const [light = 0, dark = 0] = [luminance(first), luminance(second)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

test('a browser shows the page as designed: its policy lets the style in, light and dark, on the smallest phone', async (context) => {
  const reason = missingPeers('chromium');
  context.skip(reason !== undefined, reason);
  const worker = createWorker(
    errorPages({ requestId: () => 'c2a7f0de-93b1-4f6e-a7a4-0b7d5a1f9e10-and-some-more' })(
      (_, startResponse) => {
        startResponse('431 Request Header Fields Too Large', []);
        return [];
      },
    ),
  );
  const { port } = await worker.listen({ port: 0 });
  const browser = await chromium.launch({
    executablePath: findPeer('chromium') as string,
    args: [...CHROMIUM_FLAGS],
  });
  try {
    for (const [colorScheme, background] of [
      ['light', 'rgb(251, 250, 247)'],
      ['dark', 'rgb(22, 24, 28)'],
    ] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 320, height: 640 } });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(`http://127.0.0.1:${port}/`);
      const seen = await page.evaluate(`({
        background: getComputedStyle(document.body).backgroundColor,
        inks: [...document.querySelectorAll('p, h1, footer')].map((element) => getComputedStyle(element).color),
        overflow: document.documentElement.scrollWidth - innerWidth,
        fold: document.querySelector('footer').getBoundingClientRect().bottom - innerHeight,
      })`); // prettier-ignore
      const { inks, ...rest } = seen as {
        inks: string[];
        background: string;
        overflow: number;
        fold: number;
      };
      expect(rest.background).toBe(background);
      expect(rest.overflow).toBe(0);
      expect(rest.fold).toBeLessThan(0);
      expect(inks).toHaveLength(5);
      expect(Math.min(...inks.map((ink) => contrast(ink, background)))).toBeGreaterThan(4.5);
      expect(complaints.filter((text) => !text.includes('431'))).toEqual([]);
      await page.close();
    }
  } finally {
    await browser.close();
    await worker.close();
  }
});

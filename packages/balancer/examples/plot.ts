import type { Result } from './model.ts';

const WIDTH = 360;
const HEIGHT = 220;
const MARGIN = 44;
/** The vertical axis: shares of requests up to 99.9%, in nines. */
const MOST_NINES = 3;
const MOST_MS = 3000;
const LEAST_MS = 5;
const COLOURS = [
  '#1b6ca8',
  '#d1495b',
  '#2e933c',
  '#8d5a97',
  '#edae49',
  '#00798c',
  '#5c4742',
  '#e07a5f',
  '#3d405b',
  '#81b29a',
];

/** Draws one panel a scenario: which share of the requests had its answer after how long, both logarithmic. */
export function plot(results: ReadonlyMap<string, ReadonlyMap<string, Result>>): string {
  const scenarios = [...(results.values().next().value?.keys() ?? [])];
  const panels = scenarios.map((scenario, i) => {
    const lines = [...results.values()].map((byScenario, line) =>
      curve(byScenario.get(scenario) as Result, line),
    );
    const [x, y] = [(i % 2) * (WIDTH + MARGIN) + MARGIN, Math.floor(i / 2) * (HEIGHT + MARGIN) + MARGIN];
    return `<g transform="translate(${x} ${y})"><text x="0" y="-8" font-weight="bold">${scenario}</text>${axes()}${lines.join('')}</g>`;
  });
  const legend = [...results.keys()].map((name, i) => {
    return `<text x="${2 * (WIDTH + MARGIN) + 20}" y="${MARGIN + 12 + i * 18}" fill="${COLOURS[i % COLOURS.length]}">${name}</text>`;
  });
  const size = `width="${2 * (WIDTH + MARGIN) + 170}" height="${Math.ceil(scenarios.length / 2) * (HEIGHT + MARGIN) + MARGIN}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>${panels.join('')}${legend.join('')}</svg>\n`;
}

function curve({ times }: Result, line: number): string {
  const points: string[] = [];
  for (let nines = 0; nines <= MOST_NINES; nines += 0.05) {
    const ms = times[Math.min(times.length - 1, Math.floor(times.length * (1 - 10 ** -nines)))] as number;
    points.push(`${across(ms).toFixed(1)},${(HEIGHT * (1 - nines / MOST_NINES)).toFixed(1)}`);
  }
  return `<polyline fill="none" stroke="${COLOURS[line % COLOURS.length]}" stroke-width="1.5" points="${points.join(' ')}"/>`;
}

/** Where so many milliseconds stand. */
function across(ms: number): number {
  const place = Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / Math.log(MOST_MS / LEAST_MS);
  return WIDTH * Math.min(place, 1);
}

function axes(): string {
  const times = [10, 30, 100, 300, 1000, 3000].map(
    (ms) =>
      `<path d="M${across(ms)} 0V${HEIGHT}" stroke="#ddd"/><text x="${across(ms)}" y="${HEIGHT + 14}" text-anchor="middle">${ms} ms</text>`,
  );
  const shares = ['0%', '90%', '99%', '99.9%'].map((share, nines) => {
    const y = HEIGHT * (1 - nines / MOST_NINES);
    return `<path d="M0 ${y}H${WIDTH}" stroke="#ddd"/><text x="-6" y="${y + 4}" text-anchor="end">${share}</text>`;
  });
  return times.join('') + shares.join('');
}

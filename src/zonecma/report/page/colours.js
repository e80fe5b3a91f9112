// Colours come from the style sheet, so that light, dark and print have one place.
const data = JSON.parse(document.getElementById('data').textContent);

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

function rgb(name) {
  const hex = colour(name).slice(1);
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

const repaints = [];
function repaintAll() { repaints.forEach((paint) => paint()); }

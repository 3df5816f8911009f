/** Dark or light: what the system prefers, unless the reader has decided. */

import { computed, effect, signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const key = 'tritbank-studio-theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const system = signal<Theme>(prefersDark.matches ? 'dark' : 'light');
prefersDark.addEventListener('change', ({ matches }) => {
  system.value = matches ? 'dark' : 'light';
});

function stored(): Theme | null {
  try {
    const found = localStorage.getItem(key);
    return found === 'light' || found === 'dark' ? found : null;
  } catch {
    return null; // a page may be kept from storing anything
  }
}

const chosen = signal<Theme | null>(stored());

export const theme = computed(() => chosen.value ?? system.value);

effect(() => {
  if (chosen.value) document.documentElement.dataset.theme = chosen.value;
});

export function switchTheme(): void {
  chosen.value = theme.value === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(key, chosen.value);
  } catch {
    // then it is for this visit
  }
}

const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  back: "M11 3v10L5 8zM3.5 3H5v10H3.5z",
  forward: "M5 3v10l6-5zM11 3h1.5v10H11z",
  previous: "M10.5 3.2 5.7 8l4.8 4.8-1.2 1.2-6-6 6-6z",
  next: "M5.5 3.2 10.3 8l-4.8 4.8 1.2 1.2 6-6-6-6z",
  closed: "M6 3.5v9L11 8z",
  opened: "M3.5 6h9L8 11z",
  pin: "M9.5 1.5 14.5 6.5 12.8 7 10 9.8 9.6 12.9 8.4 14 5.6 11.2 2.6 14.2 1.8 13.4 4.8 10.4 2 7.6 3.1 6.4 6.2 6 9 3.2z",
  close: "m3.9 2.8 4.1 4.1 4.1-4.1 1.1 1.1L9.1 8l4.1 4.1-1.1 1.1L8 9.1l-4.1 4.1-1.1-1.1L6.9 8 2.8 3.9z",
  search: "M7 2a5 5 0 0 1 4 8l3.2 3.2-1 1L10 11a5 5 0 1 1-3-9zm0 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  copy: "M5.5 1.5h8v9h-8zm1.3 1.3v6.4h5.4V2.8zM2.5 4.5h2v1.3h-.7v7.4h6.4v-.7h1.3v2h-9z",
  file: "M3.5 1.5h6l3 3v10h-9zm1.3 1.3v10.4h6.4V5.3H8.7V2.8z",
  end: "M3 3v10l7-5zM11 3h2v10h-2z",
  light: "M8 4.8a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4zM7.4 1h1.2v2.3H7.4zM7.4 12.7h1.2V15H7.4zM1 7.4h2.3v1.2H1zM12.7 7.4H15v1.2h-2.3zM3.5 2.6l1.6 1.6-.9.9-1.6-1.6zM11.8 10.9l1.6 1.6-.9.9-1.6-1.6zM12.5 2.6l.9.9-1.6 1.6-.9-.9zM4.2 10.9l.9.9-1.6 1.6-.9-.9z",
  dark: "M6.2 1.8a6.4 6.4 0 1 0 8 8A5.6 5.6 0 0 1 6.2 1.8z",
  system: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zm0 1.4v10.2A5.1 5.1 0 0 0 8 2.9z",
  warning: "M8 1.5 15 14H1zM7.3 6v4h1.4V6zm0 5v1.4h1.4V11z",
  now: "M2 7.4h9.2L7.6 3.8l.9-.9L13.6 8l-5.1 5.1-.9-.9 3.6-3.6H2z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}

import type { Process } from '../../capture/index.ts'

const SHELLS: ReadonlySet<string> = new Set([
  'ash',
  'bash',
  'busybox',
  'csh',
  'dash',
  'elvish',
  'fish',
  'ksh',
  'ksh93',
  'mksh',
  'nu',
  'pwsh',
  'sh',
  'tcsh',
  'xonsh',
  'zsh',
])

/** Programs whose business is to give a person a shell. */
const GIVE_SHELLS: ReadonlySet<string> = new Set([
  'alacritty',
  'dropbear',
  'foot',
  'ghostty',
  'gnome-terminal-server',
  'in.telnetd',
  'kgx',
  'kitty',
  'konsole',
  'lxterminal',
  'login',
  'mate-terminal',
  'mosh-server',
  'ptyxis-agent',
  'qterminal',
  'rxvt',
  'screen',
  'sshd',
  'sshd-session',
  'st',
  'telnetd',
  'terminator',
  'tilix',
  'tmux',
  'urxvt',
  'wezterm-gui',
  'xfce4-terminal',
  'xterm',
  'zellij',
])

/**
 * True when the process, or one it descends from, is a shell that such a program started. `su` and `sudo`
 * are none of them, since cron jobs use them too: a person who uses them has the first shell further up.
 * Whether a person really sat there cannot be known: `ssh HOST COMMAND` looks the same.
 */
export function isFromUserShell({ exe, ancestors }: Process): boolean {
  let isShell = SHELLS.has(nameOf(exe))
  for (const ancestor of ancestors) {
    const name = nameOf(ancestor.exe)
    if (isShell && GIVE_SHELLS.has(name)) return true
    isShell = SHELLS.has(name)
  }
  return false
}

function nameOf(exe: string): string {
  return exe.slice(exe.lastIndexOf('/') + 1)
}

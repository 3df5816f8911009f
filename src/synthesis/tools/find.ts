/** Which of a program's two forms is used: the one that is asked for, else its package, else the installed one. */

import { findNativeTool } from './native.ts';
import { findNpmTool } from './npm.ts';
import { missingTool, type Tool, type ToolNames, type ToolOrigin } from './tool.ts';

/** E_FILE, with what to install, where there is none. */
export function findTool(names: ToolNames, origin?: ToolOrigin): Tool {
  const found =
    (origin === 'native' ? undefined : findNpmTool(names)) ?? (origin === 'npm' ? undefined : findNativeTool(names));
  if (found) return found;
  throw missingTool(names, origin);
}

/** The usual theme, in colours that can be read. */

import theme from 'vitepress/theme';
import './colours.css';

export default theme;

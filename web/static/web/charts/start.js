// Draw the charts of a page whose documents do not change.

import { allFigures, makeFigures } from "./figure.js";

makeFigures();
allFigures().forEach((figure) => figure.load());

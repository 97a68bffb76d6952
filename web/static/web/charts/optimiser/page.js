// The charts of an optimisation; those of an unfinished one are read again while it runs.

import { allFigures, makeFigures } from "../figure.js";

const AGAIN_MS = 5000;

makeFigures();
const load = () => allFigures().forEach((figure) => figure.load());
load();
if (document.querySelector('[data-poll][data-live="true"]')) setInterval(() => document.hidden || load(), AGAIN_MS);

// The function that draws each chart, by the name in its document. Each takes the document and
// {c: colours, narrow, mode, width, height} and returns {option, rowOf(hovered), point(row), startRow}.

import { gamma } from "./gamma.js";
import { intervals } from "./intervals.js";
import { iv } from "./iv.js";
import { price } from "./price.js";
import { profile } from "./profile.js";
import { regime } from "./regime.js";
import { signal } from "./signals/signal.js";
import { smile } from "./smile.js";
import { trades } from "./trades.js";
import { fit } from "./volatility/fit.js";
import { skew } from "./volatility/skew.js";
import { surface } from "./volatility/surface.js";
import { term } from "./volatility/term.js";

export const kinds = { fit, gamma, intervals, iv, price, profile, regime, signal, skew, smile, surface, term, trades };

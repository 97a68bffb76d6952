// The function that draws each chart, by the name in its document. Each takes the document and
// {c: colours, narrow, mode, width, height} and returns {option, rowOf(hovered), point(row), startRow}.

import { equity } from "./backtests/equity.js";
import { excursions } from "./backtests/excursions.js";
import { hours, months } from "./backtests/heat.js";
import { rates, scores } from "./backtests/rates.js";
import { gamma } from "./gamma.js";
import { intervals } from "./intervals.js";
import { iv } from "./iv.js";
import { generations } from "./optimiser/generations.js";
import { overfitting } from "./optimiser/overfitting.js";
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

export const kinds = {
  equity, excursions, fit, gamma, generations, hours, intervals, iv, months, overfitting, price, profile, rates, regime, scores, signal, skew, smile, surface, term, trades,
};

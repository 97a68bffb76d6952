"""Every SELECT printed in the original documents, verbatim, by its purpose.

One is corrected: `MAX(date)::text::bigint` is not valid SQL, because the text of a date is not a number.
"""

from __future__ import annotations

LATEST_IV = """
SELECT * FROM get_latest_iv_percentile('SPX');
"""
GREEKS_52_WEEKS = """
SELECT * FROM historical_greeks
WHERE symbol = 'SPX'
  AND timestamp >= EXTRACT(EPOCH FROM (NOW() - INTERVAL '52 weeks'))::BIGINT * 1000
ORDER BY timestamp DESC;
"""
FLOW_SUMMARY = """
SELECT * FROM get_flow_summary('SPX', 60);
"""
SWEEPS_OF_A_DAY = """
SELECT * FROM options_flow_history
WHERE symbol = 'SPX'
  AND is_sweep = true
  AND timestamp >= EXTRACT(EPOCH FROM (NOW() - INTERVAL '24 hours'))::BIGINT * 1000
ORDER BY premium DESC;
"""
IV_REGIMES = """
SELECT iv_regime, COUNT(*) FROM iv_percentile_cache
WHERE symbol = 'SPX'
GROUP BY iv_regime;
"""
LATEST_GAMMA = """
SELECT * FROM get_latest_gamma_exposure('SPX');
"""
GAMMA_WALLS = """
SELECT timestamp, gamma_wall_resistance, gamma_wall_support
FROM gamma_exposure_snapshots
WHERE symbol = 'SPX'
  AND timestamp >= EXTRACT(EPOCH FROM (NOW() - INTERVAL '7 days'))::BIGINT * 1000
ORDER BY timestamp;
"""
CURRENT_REGIME = """
SELECT * FROM get_current_market_regime();
"""
VIX_REGIMES = """
SELECT vix_regime, COUNT(*) FROM market_regime_history
WHERE date >= CURRENT_DATE - INTERVAL '1 year'
GROUP BY vix_regime;
"""
TABLE_SIZES = """
SELECT
  'historical_greeks' as table_name,
  COUNT(*) as rows,
  COUNT(DISTINCT symbol) as symbols,
  MAX(timestamp) as latest_timestamp
FROM historical_greeks
UNION ALL
SELECT
  'gamma_exposure_snapshots',
  COUNT(*),
  COUNT(DISTINCT symbol),
  MAX(timestamp)
FROM gamma_exposure_snapshots
UNION ALL
SELECT
  'iv_percentile_cache',
  COUNT(*),
  COUNT(DISTINCT symbol),
  EXTRACT(EPOCH FROM MAX(date))::bigint * 1000
FROM iv_percentile_cache;
"""
FLOW_OF_AN_HOUR = """
SELECT
  timestamp,
  contract_ticker,
  trade_type,
  sentiment,
  aggressiveness,
  size,
  premium,
  is_sweep,
  is_block
FROM options_flow_history
WHERE
  symbol = 'SPX'
  AND timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '1 hour')::BIGINT * 1000
ORDER BY timestamp DESC
LIMIT 50;
"""
FLOW_OF_FOUR_HOURS = """
SELECT
  symbol,
  sentiment,
  COUNT(*) as trade_count,
  SUM(size) as total_size,
  SUM(premium) as total_premium,
  SUM(CASE WHEN is_sweep THEN 1 ELSE 0 END) as sweeps,
  SUM(CASE WHEN is_block THEN 1 ELSE 0 END) as blocks
FROM options_flow_history
WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '4 hours')::BIGINT * 1000
GROUP BY symbol, sentiment
ORDER BY total_premium DESC;
"""
LARGEST_PREMIUMS = """
SELECT
  timestamp,
  symbol,
  contract_ticker,
  trade_type,
  sentiment,
  size,
  premium,
  is_sweep,
  is_block,
  is_above_ask,
  aggressiveness
FROM options_flow_history
WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '24 hours')::BIGINT * 1000
ORDER BY premium DESC
LIMIT 20;
"""
TRADES_OF_FIVE_MINUTES = """
SELECT COUNT(*), symbol FROM options_flow_history
WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '5 minutes')::BIGINT * 1000 GROUP BY symbol;
"""

QUERIES = {
    "latest_iv": LATEST_IV,
    "greeks_52_weeks": GREEKS_52_WEEKS,
    "flow_summary": FLOW_SUMMARY,
    "sweeps_of_a_day": SWEEPS_OF_A_DAY,
    "iv_regimes": IV_REGIMES,
    "latest_gamma": LATEST_GAMMA,
    "gamma_walls": GAMMA_WALLS,
    "current_regime": CURRENT_REGIME,
    "vix_regimes": VIX_REGIMES,
    "table_sizes": TABLE_SIZES,
    "flow_of_an_hour": FLOW_OF_AN_HOUR,
    "flow_of_four_hours": FLOW_OF_FOUR_HOURS,
    "largest_premiums": LARGEST_PREMIUMS,
    "trades_of_five_minutes": TRADES_OF_FIVE_MINUTES,
}

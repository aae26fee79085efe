/** Metrics of the dashboard: a part of the table in `metric-table.ts`. */
export const dashboardMetricTable = {
  ct_proxy_dashboard_logins_total: {
    type: 'counter',
    help: 'Logins to the dashboard by outcome: accepted, refused, or limited because too many were tried.',
    labels: ['outcome'],
  },
} as const;

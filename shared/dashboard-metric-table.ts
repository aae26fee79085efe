/** Metrics of the dashboard: a part of the table in `metric-table.ts`. */
export const dashboardMetricTable = {
  ct_proxy_dashboard_logins_total: {
    type: 'counter',
    help: 'Logins to the dashboard by outcome: accepted, refused, or limited because too many were tried.',
    labels: ['outcome'],
  },
  ct_proxy_sso_logins_total: {
    type: 'counter',
    help: 'Logins by single sign-on, for the dashboard or for a session: accepted, refused, or failed because the provider was not there.',
    labels: ['for', 'outcome'],
  },
} as const;

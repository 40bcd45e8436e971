import express, { type Express, type Request, type Response } from 'express'
import type { Dispatcher } from './dispatcher.ts'
import type { MountedRoute } from './mounted-route.ts'

/** An Express application that matches paths, and adds nothing of its own to any response. */
export function createApp(routes: readonly MountedRoute[], dispatcher: Dispatcher): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.disable('query parser')
  app.enable('strict routing')
  app.enable('case sensitive routing')
  for (const route of routes)
    app.all(route.pattern, (request: Request, response: Response) => dispatcher.serve(route, request, response))
  return app
}

/** What any implementation of the contracts of `@berth/access` must do. */
export { describeAccessController, type ControllerUnderTest } from './describe-access-controller.ts'
export { describeUsers, type UsersUnderTest } from './describe-users.ts'
